-- What comes in through people: pictures, reporters, task orders, the quick-disposal ledger,
-- approved exports. Articles 3, 5, 11, 16.

-- unknown until an action names the picture
alter table case_attachment alter column kind drop not null;
create index case_attachment_unused_idx on case_attachment (uploaded_by) where case_id is null;
create index case_attachment_sha256_idx on case_attachment (image_sha256);

-- A case's picture is made fit to be seen after the case is filed: where its file is stands in a
-- row of its own, because evidence is only added to.
create table evidence_picture (
    evidence_id   bigint not null,
    -- of the picture as it is stored and shown
    image_sha256  bytea not null,
    constraint evidence_picture_pk primary key (evidence_id),
    constraint evidence_picture_evidence_fk foreign key (evidence_id) references case_evidence (evidence_id),
    constraint evidence_picture_sha256_length check (octet_length(image_sha256) = 32)
);
comment on table evidence_picture is 'Pictures of evidence, fit to be seen; files named by their sha-256';
insert into evidence_picture (evidence_id, image_sha256) select evidence_id, image_sha256 from case_evidence;
create index evidence_picture_image on evidence_picture (image_sha256);
create trigger evidence_picture_append_only before update or delete or truncate on evidence_picture
    for each statement execute function refuse_change();

alter table evidence_picture enable row level security;
create policy evidence_picture_read on evidence_picture for select to cityward_service
    using (exists (select from case_evidence e where e.evidence_id = evidence_picture.evidence_id));
revoke insert, update, delete on evidence_picture from cityward_service;
revoke update, delete on evidence_picture from cityward_machine;

drop policy picture_original_read on picture_original;
create policy picture_original_read on picture_original for select to cityward_service using (
    exists (select from evidence_picture p where p.image_sha256 = picture_original.image_sha256));
alter table case_evidence drop column image_sha256;
comment on table case_evidence is 'Frames kept for a case; the pictures are files, see evidence_picture';

-- Until then it waits in a sealed file.
create table evidence_waiting (
    evidence_id    bigint not null,
    -- of the sealed file
    sealed_sha256  bytea not null,
    -- of the key that opens it
    key_id         text not null,
    -- whether what is in the box was recognised as a thing, over which people must be surer to count
    of_thing       boolean not null,
    tries          integer not null default 0,
    tried_at       timestamptz,
    constraint evidence_waiting_pk primary key (evidence_id),
    constraint evidence_waiting_evidence_fk foreign key (evidence_id) references case_evidence (evidence_id),
    constraint evidence_waiting_sha256_length check (octet_length(sealed_sha256) = 32),
    constraint evidence_waiting_tries check (tries >= 0)
);
comment on table evidence_waiting is 'Pictures of evidence that are not yet fit to be seen: sealed files';
alter table evidence_waiting enable row level security;
create policy evidence_waiting_read on evidence_waiting for select to cityward_service
    using (exists (select from case_evidence e where e.evidence_id = evidence_waiting.evidence_id));
revoke insert, update, delete on evidence_waiting from cityward_service;

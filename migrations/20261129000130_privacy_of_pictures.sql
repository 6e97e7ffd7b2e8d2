-- Parts of a camera's picture that nobody may see.
create table camera_mask (
    mask_id    integer generated always as identity,
    camera_id  text not null,
    -- x and y in turn, shares of the picture, origin top left
    corners    double precision[] not null,
    constraint camera_mask_pk primary key (mask_id),
    constraint camera_mask_camera_fk foreign key (camera_id) references camera (camera_id),
    constraint camera_mask_corners check (
        cardinality(corners) between 6 and 200 and cardinality(corners) % 2 = 0
        and 0 <= all (corners) and 1 >= all (corners)
    )
);
create index camera_mask_camera on camera_mask (camera_id);
comment on table camera_mask is 'Parts of a camera''s picture that are painted over before anything is stored or shown';

create trigger camera_mask_bell after insert or update or delete or truncate on camera_mask
    for each statement execute function ring_camera();

-- Originals of evidence in which something was made unrecognisable: sealed files beside the pictures.
create table picture_original (
    -- of the picture as it is stored and shown
    image_sha256  bytea not null,
    -- of the key that opens it
    key_id        text not null,
    kept_at       timestamptz not null,
    -- a tombstone: there was one
    erased_at     timestamptz,
    constraint picture_original_pk primary key (image_sha256),
    constraint picture_original_sha256_length check (octet_length(image_sha256) = 32)
);
create index picture_original_kept on picture_original (kept_at) where erased_at is null;
comment on table picture_original is 'Originals of pictures with something made unrecognisable; erased after some days';

create index case_evidence_image on case_evidence (image_sha256);

alter table picture_original enable row level security;
create policy picture_original_read on picture_original for select to cityward_service using (
    exists (select from case_evidence e where e.image_sha256 = picture_original.image_sha256));
revoke insert, update, delete on picture_original from cityward_service;
revoke delete on picture_original from cityward_machine;

-- Who looked at an original, when and what for; written before it is shown.
create table original_access (
    access_id    bigint generated always as identity,
    case_id      bigint not null,
    -- of case_evidence, which is only added to
    evidence_id  bigint not null,
    person_id    integer not null,
    purpose      text not null,
    at           timestamptz not null,
    constraint original_access_pk primary key (access_id),
    constraint original_access_case_fk foreign key (case_id) references city_case (case_id),
    constraint original_access_person_fk foreign key (person_id) references person (person_id)
);
create index original_access_case on original_access (case_id);
comment on table original_access is 'Who looked at the original of a picture, and what for';
create trigger original_access_append_only before update or delete or truncate on original_access
    for each statement execute function refuse_change();

alter table original_access enable row level security;
create policy original_access_read on original_access for select to cityward_service
    using (exists (select from city_case c where c.case_id = original_access.case_id));
-- data officers see cases without working them
create policy original_access_write on original_access for insert to cityward_service
    with check (person_id = cityward_person() and cityward_sees_case(case_id));
revoke update, delete on original_access from cityward_service, cityward_machine;

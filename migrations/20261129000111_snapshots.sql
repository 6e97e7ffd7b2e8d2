-- Snapshots by upload (GB/T 28181-2022, 9.14): what was asked for, and what came.
create table snapshot_session (
    -- 32 hexadecimal digits; it is in the upload URL, which is a device's only credential
    session_id   text not null,
    -- who asked: a platform, or an administrator
    platform_id  integer,
    person_id    integer,
    camera_ids   text[] not null,
    -- of each camera
    snap_num     integer not null,
    interval_s   integer not null,
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    -- null: not reported yet
    finished_at  timestamptz,
    -- SnapShotFileID of pictures that were reported as sent
    announced    text[] not null default '{}',
    constraint snapshot_session_pk primary key (session_id),
    constraint snapshot_session_platform_fk foreign key (platform_id) references platform (platform_id),
    constraint snapshot_session_person_fk foreign key (person_id) references person (person_id),
    constraint snapshot_session_owner check (num_nonnulls(platform_id, person_id) = 1),
    constraint snapshot_session_number check (snap_num between 1 and 10),
    constraint snapshot_session_order check (created_at < expires_at)
);
create index snapshot_session_expires on snapshot_session (expires_at);
comment on table snapshot_session is 'Snapshots that devices were asked for, kept for a week after they expire';

create table snapshot_picture (
    session_id   text not null,
    file_id      text not null,
    camera_id    text not null,
    received_at  timestamptz not null,
    -- null: taken
    refusal      text,
    constraint snapshot_picture_pk primary key (session_id, file_id),
    constraint snapshot_picture_session_fk foreign key (session_id) references snapshot_session (session_id)
        on delete cascade,
    constraint snapshot_picture_camera_fk foreign key (camera_id) references camera (camera_id)
);
comment on table snapshot_picture is 'Pictures that came by a session''s upload URL';

-- Cameras that are asked for their pictures, and who asks.
create type camera_source_kind as enum ('snapshot', 'mjpeg', 'rtsp');

create table camera_source (
    camera_id        text not null,
    -- another one with every change, also after it was taken away
    version          bigint generated always as identity,
    kind             camera_source_kind not null,
    -- without name and password
    url              text not null,
    login            text,
    -- under a key that is not in the database
    password_sealed  bytea,
    -- between two pictures, seconds
    period_s         double precision not null,
    constraint camera_source_pk primary key (camera_id),
    constraint camera_source_camera_fk foreign key (camera_id) references camera (camera_id),
    constraint camera_source_login check (num_nonnulls(login, password_sealed) in (0, 2)),
    constraint camera_source_period check (period_s between 0.5 and 3600)
);
comment on table camera_source is 'Where a camera is asked for its pictures; without a row they are pushed';

create trigger camera_source_bell after insert or update or delete or truncate on camera_source
    for each statement execute function ring_camera();

create table camera_pull (
    camera_id     text not null,
    -- the process that asks, until it does not say so again
    puller        uuid not null,
    leased_until  timestamptz not null,
    -- which version of the source the state is of
    version       bigint,
    -- how it stands, for the other processes and over restarts
    state         jsonb,
    constraint camera_pull_pk primary key (camera_id),
    constraint camera_pull_source_fk foreign key (camera_id) references camera_source (camera_id)
        on delete cascade
);
comment on table camera_pull is 'Which process asks a camera for its pictures, written every few seconds';

-- What is wrong with a camera, since when, and where it looked when it was calibrated.
create type camera_condition as enum
    ('offline', 'frozen', 'dark', 'blurred', 'covered', 'moved', 'wrong_time');

create table camera_condition_period (
    period_id  bigint generated always as identity,
    camera_id  text not null,
    condition  camera_condition not null,
    since      timestamptz not null,
    -- null: it still is
    until      timestamptz,
    constraint camera_condition_period_pk primary key (period_id),
    constraint camera_condition_period_camera_fk foreign key (camera_id) references camera (camera_id),
    constraint camera_condition_period_order check (since <= until)
);
create unique index camera_condition_period_once on camera_condition_period (camera_id, condition)
    where until is null;
create index camera_condition_period_ended on camera_condition_period (until) where until is not null;
comment on table camera_condition_period is 'When something was wrong with a camera; ended ones are kept for 90 days';

create table camera_view (
    camera_id       text not null,
    -- what it was taken for: another calibration needs another
    calibration_id  integer not null,
    taken_at        timestamptz not null,
    -- 36 bytes a feature; no picture can be made of them
    features        bytea not null,
    constraint camera_view_pk primary key (camera_id),
    constraint camera_view_camera_fk foreign key (camera_id) references camera (camera_id),
    constraint camera_view_calibration_fk foreign key (calibration_id) references calibration (calibration_id)
);
comment on table camera_view is 'What can be found again of the picture a camera showed when it was calibrated';

create table camera_heard (
    camera_id  text not null,
    -- when the newest frame came in, by our clock
    heard_at   timestamptz not null,
    constraint camera_heard_pk primary key (camera_id),
    constraint camera_heard_camera_fk foreign key (camera_id) references camera (camera_id)
);
comment on table camera_heard is 'When cameras were heard of last, whichever process heard them; written every few seconds';

-- What may stand where before a camera, and which sightings are an event only if they stay.
create type zone_kind as enum ('no_parking', 'pavement', 'shop_front', 'keep_clear');

create table camera_zone (
    zone_id    integer generated always as identity,
    camera_id  text not null,
    kind       zone_kind not null,
    ground     geometry(Polygon, 4326) not null,
    -- null: for every class whose rule asks for a zone of this kind
    classes    text[],
    -- 1 Monday to 7 Sunday, of the day on which the hours begin; null: always in force
    days       smallint[],
    -- minutes after midnight, Beijing time; an end before the beginning is on the next day
    from_min   smallint,
    to_min     smallint,
    constraint camera_zone_pk primary key (zone_id),
    constraint camera_zone_camera_fk foreign key (camera_id) references camera (camera_id),
    constraint camera_zone_hours check (
        num_nonnulls(days, from_min, to_min) in (0, 3)
        and from_min between 0 and 1439 and to_min between 0 and 1439
        and days <@ array[1, 2, 3, 4, 5, 6, 7]::smallint[]
    )
);
create index camera_zone_camera on camera_zone (camera_id);
comment on table camera_zone is 'Ground before a camera where something must not stay';

create trigger camera_zone_bell after insert or update or delete or truncate on camera_zone
    for each statement execute function ring_camera();

alter table sighting_rule
    add column zone_kind zone_kind,
    add column stay_s    integer,
    add column gone_s    integer,
    add constraint sighting_rule_stay check (
        num_nonnulls(zone_kind, stay_s, gone_s) in (0, 3) and stay_s > 0 and gone_s > 0
    );
comment on column sighting_rule.zone_kind is 'Where such a thing must stay to be an event; null: being there is enough';
comment on column sighting_rule.stay_s is '... for at least this long, seconds';
comment on column sighting_rule.gone_s is '... and it is gone when it was not seen there for this long, seconds';

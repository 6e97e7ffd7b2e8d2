-- What stood before a camera when nothing was wrong: what its background is compared with.
create type background_origin as enum ('first', 'light', 'person');

create table camera_background (
    camera_id       text not null,
    -- what it is a picture of: another calibration needs another
    calibration_id  integer not null,
    -- 480 x 270 pixels, YUV 4:2:0, planes one after the other
    picture         bytea not null,
    origin          background_origin not null,
    set_at          timestamptz not null,
    -- until when it has followed the light
    followed_at     timestamptz not null,
    constraint camera_background_pk primary key (camera_id),
    constraint camera_background_camera_fk foreign key (camera_id) references camera (camera_id),
    constraint camera_background_calibration_fk foreign key (calibration_id) references calibration (calibration_id),
    constraint camera_background_size check (octet_length(picture) = 194400)
);
create index camera_background_set on camera_background (set_at) where origin = 'person';
comment on table camera_background is 'The picture of each camera without anything that should not stand there; written every few minutes';

-- Sightings of what stands in the background, and of nothing that is too narrow or too wide.
alter table sighting_rule
    add column width_min_m         double precision,
    add column width_max_m         double precision,
    add column standing_zone_kind  zone_kind,
    add column standing_s          integer,
    add column standing_gone_s     integer,
    add column standing_support    text[],
    add column standing_unless     text[],
    add column standing_score_min  real,
    add constraint sighting_rule_width check (width_min_m >= 0 and width_max_m > coalesce(width_min_m, 0)),
    add constraint sighting_rule_standing check (
        num_nonnulls(standing_zone_kind, standing_s, standing_gone_s, standing_support,
            standing_unless, standing_score_min) in (0, 6)
        and standing_s > 0 and standing_gone_s > 0 and standing_score_min between 0 and 1
    );
comment on column sighting_rule.width_min_m is 'Narrower boxes do not count, metres on the ground; null: any do';
comment on column sighting_rule.width_max_m is 'Nor do wider ones';
comment on column sighting_rule.standing_zone_kind is 'Whatever stands in such a zone that is not in the background''s reference is one; null: models alone tell';
comment on column sighting_rule.standing_s is '... once backgrounds have shown it for this long, seconds';
comment on column sighting_rule.standing_gone_s is '... until none has for this long, seconds';
comment on column sighting_rule.standing_support is 'Labels of models that add 0.15 each to its score of 0.5';
comment on column sighting_rule.standing_unless is 'Labels of models that explain it as something else';
comment on column sighting_rule.standing_score_min is 'With a lower score it does not count';

-- a city that has the rule already goes on with it, and looks at its pavements as a new one does
update sighting_rule set width_min_m = 0.4, width_max_m = 12, standing_zone_kind = 'pavement',
    standing_s = 200, standing_gone_s = 300, standing_score_min = 0.5,
    standing_support = array['umbrella', 'table', 'chair', 'bench', 'person', 'stall', 'goods'],
    standing_unless = array['car', 'truck', 'bus', 'motorcycle', 'bicycle']
where class_code = 'M09006';

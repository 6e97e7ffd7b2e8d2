-- Sightings at known components, over some time, and of things that do not move.
alter table sighting_rule
    add column reach_m            double precision not null default 3,
    add column only_at_component  boolean not null default false,
    add column over_s             integer not null default 0,
    add column is_static          boolean not null default false,
    add constraint sighting_rule_reach check (reach_m between 0 and 100),
    -- a frame every ten seconds is remembered for 21 minutes
    add constraint sighting_rule_over check (over_s between 0 and 1200);
comment on column sighting_rule.reach_m is 'A component of snap_classes is looked for within this, metres';
comment on column sighting_rule.only_at_component is 'Whether a sighting with no such component in reach is held back';
comment on column sighting_rule.over_s is 'The frames that confirm it are spread over at least this long, seconds';
comment on column sighting_rule.is_static is 'Such a thing does not move: it counts only where the background, if there is one, shows the same';

update sighting_rule set is_static = true where class_code in ('M06042', 'M06010');
update sighting_rule set width_max_m = 6 where class_code = 'M06042' and width_max_m is null;

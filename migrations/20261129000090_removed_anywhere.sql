-- A component that was registered somewhere that is not on earth, before that was refused, can be removed.
alter table component drop constraint component_on_earth;
alter table component add constraint component_on_earth check (
    state = 'removed' or st_xmin(geom) >= -180 and st_xmax(geom) <= 180
        and st_ymin(geom) >= -90 and st_ymax(geom) <= 90
) not valid;

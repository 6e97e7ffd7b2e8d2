-- A component stands somewhere on earth. Rows of before are not looked at: those that do not are
-- left out when the register is read.
alter table component add constraint component_on_earth check (
    st_xmin(geom) >= -180 and st_xmax(geom) <= 180 and st_ymin(geom) >= -90 and st_ymax(geom) <= 90
) not valid;

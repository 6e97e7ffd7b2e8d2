-- An open case changes with every action, and every index of it with it. Cases are looked for by
-- place only while they are open, and by component in one index whether they are or not.
drop index city_case_location_idx;
drop index city_case_open_component_idx;

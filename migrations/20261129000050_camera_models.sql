-- Which models look at a camera's frames, by their names.
alter table camera add column models text[];
comment on column camera.models is 'Names of the models that look at its frames; null: all.';

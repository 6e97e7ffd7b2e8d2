-- How far apart a camera's frames usually are, seconds: a process that begins does not call a slow camera
-- silent.
alter table camera_heard add column usual_s integer;

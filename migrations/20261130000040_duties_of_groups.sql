-- Somebody may answer for a group of classes in a cell. Of what is valid the class goes before its
-- group, and the group before whatever has no rule of its own.
alter table responsibility
    add column class_group text,
    add constraint responsibility_group_form check (class_group ~ '^[CMPE][0-9]{2}$'),
    add constraint responsibility_class_or_group check (class_code is null or class_group is null);

-- The classes as rules are written, too: empty for all, a group, or one class. A responsibility is
-- about a class where this is the class, its first three characters, or empty.
alter table responsibility
    add column classes text not null
        generated always as (coalesce(class_code, class_group, '')) stored,
    drop constraint responsibility_one_unit,
    add constraint responsibility_one_unit exclude using gist
        (cell_id with =, classes with =, valid with &&);
comment on table responsibility is
    'One responsible unit per cell and class, group or neither at any moment; the database refuses a second';

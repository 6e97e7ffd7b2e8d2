-- What tiles held in memory must look at again. One row a changed feature, written in the
-- transaction of the change, whoever makes it; read in one snapshot, so that a transaction is seen
-- whole. The bell rings once a statement; it may get lost, the rows do not.

create table tile_change (
    change_id   bigint generated always as identity,
    layer       text not null,
    -- null: too many to name, or all of them
    feature_id  bigint,
    xact        xid8 not null default pg_current_xact_id(),
    at          timestamptz not null default now(),
    constraint tile_change_pk primary key (change_id)
);
create index tile_change_xact_idx on tile_change (xact);
create index tile_change_at_idx on tile_change (at);
comment on table tile_change is 'Changes that tiles in memory have to follow; kept for an hour';

-- A statement that changes more than this is followed by reading the layer anew.
create function log_component_change() returns trigger
language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$
declare
    named_max constant integer := 50000;
begin
    if tg_op = 'TRUNCATE' then
        insert into tile_change (layer) values ('components');
    elsif (select count(*) from (select from changed limit named_max + 1) as few) > named_max then
        insert into tile_change (layer) values ('components');
    else
        insert into tile_change (layer, feature_id) select 'components', component_id from changed;
    end if;
    perform pg_notify('tiles', 'components');
    return null;
end $$;

create trigger component_inserted after insert on component
    referencing new table as changed for each statement execute function log_component_change();
create trigger component_updated after update on component
    referencing new table as changed for each statement execute function log_component_change();
create trigger component_deleted after delete on component
    referencing old table as changed for each statement execute function log_component_change();
create trigger component_truncated after truncate on component
    for each statement execute function log_component_change();

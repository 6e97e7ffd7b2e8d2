-- The bell says which components changed, as long as they are few: whoever follows reads those again
-- and not the whole register.

create function ring_components() returns trigger language plpgsql as $$
declare
    ids text;
begin
    if tg_op = 'UPDATE' then
        select string_agg(component_id::text, ',') into ids from (
            select component_id from gone union select component_id from come limit 501) as changed;
    elsif tg_op = 'INSERT' then
        select string_agg(component_id::text, ',') into ids
        from (select component_id from come limit 501) as changed;
    else
        select string_agg(component_id::text, ',') into ids
        from (select component_id from gone limit 501) as changed;
    end if;
    if ids is null then
        return null;
    end if;
    -- a notification has room for less than 8,000 bytes
    if octet_length(ids) > 7900 or octet_length(ids) - octet_length(replace(ids, ',', '')) = 500 then
        perform pg_notify('territory', 'component');
    else
        perform pg_notify('territory', 'component:' || ids);
    end if;
    return null;
end $$;

drop trigger component_bell on component;
create trigger component_come_bell after insert on component
    referencing new table as come for each statement execute function ring_components();
create trigger component_changed_bell after update on component
    referencing old table as gone new table as come
    for each statement execute function ring_components();
create trigger component_gone_bell after delete on component
    referencing old table as gone for each statement execute function ring_components();
create trigger component_truncated_bell after truncate on component
    for each statement execute function ring_territory();

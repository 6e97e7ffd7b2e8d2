-- Who may change their own row in `person` may change their password there, and nothing else: what
-- they are called elsewhere (`oidc_login`), their login and whether they are in use is for those who
-- keep people.

create function guard_own_row() returns trigger language plpgsql as $$
begin
    if current_user = 'cityward_service' and not cityward_keeps_people()
            and to_jsonb(new) - 'password_hash' is distinct from to_jsonb(old) - 'password_hash' then
        raise insufficient_privilege using message = 'of their own row a person may change the password only';
    end if;
    return new;
end $$;
create trigger person_own_row before update on person
    for each row execute function guard_own_row();

-- What runs with its owner's rights is for the service alone.
do $$
declare
    helper regprocedure;
begin
    for helper in
        select oid::regprocedure from pg_proc
        where pronamespace = 'public'::regnamespace and prosecdef
            and prorettype <> 'trigger'::regtype
            -- PostGIS looks after its own
            and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')
    loop
        execute format('revoke execute on function %s from public', helper);
        execute format('grant execute on function %s to cityward_service, cityward_machine', helper);
    end loop;
end $$;

-- The roles the service works as. They belong to the server: another database of the same server
-- may be making them at this moment.
do $$
begin
    if not exists (select from pg_roles where rolname = 'cityward_service') then
        begin
            create role cityward_service nologin;
        exception when duplicate_object or unique_violation then null;
        end;
    end if;
    if not exists (select from pg_roles where rolname = 'cityward_machine') then
        begin
            create role cityward_machine nologin bypassrls;
        exception when duplicate_object or unique_violation then null;
        end;
    end if;
    if not pg_has_role(current_user, 'cityward_service', 'member') then
        begin
            execute format('grant cityward_service to %I', current_user);
        exception when unique_violation then null;
        end;
    end if;
    if not pg_has_role(current_user, 'cityward_machine', 'member') then
        begin
            execute format('grant cityward_machine to %I', current_user);
        exception when unique_violation then null;
        end;
    end if;
end $$;

-- Who remembers people for a moment forgets them when this bell rings: a session ended, a person
-- or what they may do changed, by whatever SQL.

create function ring_people() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
    perform pg_notify('people', '');
    return null;
end $$;

create trigger session_ended after update or delete or truncate on session
    for each statement execute function ring_people();
create trigger person_changed after update or delete or truncate on person
    for each statement execute function ring_people();
create trigger role_grant_changed after insert or update or delete or truncate on role_grant
    for each statement execute function ring_people();

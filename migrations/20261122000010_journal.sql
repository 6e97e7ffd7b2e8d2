-- What happened, so that it can be proved. Every change of a case is a row of case_event, every
-- other change a row of audit_entry; both are append-only, and each row's hash covers its content
-- and the hash of the row before it: of the same case, or of the whole of audit_entry.

alter table case_event alter column kind type text using kind::text;
drop type case_event_kind;
alter table case_event rename column kind to action;
alter table case_event
    add column person_id  integer,
    add column role       role,
    add column reason     text,
    -- the columns of the case that changed
    add column before     jsonb,
    add column after      jsonb,
    -- of the case, after this event; null where the case itself did not change
    add column version    integer,
    -- the transaction that wrote it: readers follow in the order of commits without gaps
    add column xact       xid8 not null default pg_current_xact_id(),
    add column prev_hash  bytea,
    add column hash       bytea,
    add constraint case_event_person_fk foreign key (person_id) references person (person_id),
    add constraint case_event_action_form check (action ~ '^[a-z_]{1,40}$');
create index case_event_xact_idx on case_event (xact, event_id);

create table audit_entry (
    entry_id      bigint generated always as identity,
    at            timestamptz not null,
    actor         text not null,
    person_id     integer,
    -- what was changed: 'person:3', 'rule_set:2'
    subject       text not null,
    action        text not null,
    reason        text,
    before        jsonb,
    after         jsonb,
    xact          xid8 not null default pg_current_xact_id(),
    prev_hash     bytea,
    hash          bytea,
    constraint audit_entry_pk primary key (entry_id),
    constraint audit_entry_person_fk foreign key (person_id) references person (person_id)
);
create index audit_entry_subject_idx on audit_entry (subject, entry_id);
create index audit_entry_xact_idx on audit_entry (xact, entry_id);
create index audit_entry_at_idx on audit_entry (at, entry_id);

create trigger audit_entry_append_only before update or delete or truncate on audit_entry
    for each statement execute function refuse_change();

-- The chain. A row's hash is the SHA-256 of its fields one after another: the table's name, every
-- column in the order below, the hash of the row before it. A field is its length in bytes as four
-- bytes, high byte first, and the bytes; null is the length -1 and nothing. Numbers are written in
-- decimal, moments as whole microseconds since 1970, jsonb and enums as PostgreSQL writes them as
-- text in UTF-8, the previous hash as its 32 bytes. src/journal/hash.rs does the same on its own.

create function chain_field(value text) returns bytea
language sql stable parallel safe as $$
    select coalesce(int4send(octet_length(value)) || convert_to(value, 'UTF8'), int4send(-1))
$$;

create function chain_field(value bytea) returns bytea
language sql stable parallel safe as $$
    select coalesce(int4send(octet_length(value)) || value, int4send(-1))
$$;

create function chain_micros(moment timestamptz) returns text
language sql stable parallel safe as $$
    select (extract(epoch from moment) * 1000000)::bigint::text
$$;

-- In plpgsql, which keeps its plan and has the fields inlined in it.
create function case_event_hash(e case_event) returns bytea
language plpgsql stable as $$
begin
    return sha256(chain_field('case_event') || chain_field(e.event_id::text)
        || chain_field(e.case_id::text) || chain_field(e.action) || chain_field(chain_micros(e.at))
        || chain_field(e.actor) || chain_field(e.person_id::text) || chain_field(e.role::text)
        || chain_field(e.reason) || chain_field(e.before::text) || chain_field(e.after::text)
        || chain_field(e.version::text) || chain_field(e.detail::text) || chain_field(e.xact::text)
        || chain_field(e.prev_hash));
end $$;

create function audit_entry_hash(e audit_entry) returns bytea
language sql stable as $$
    select sha256(chain_field('audit_entry') || chain_field(e.entry_id::text)
        || chain_field(chain_micros(e.at)) || chain_field(e.actor)
        || chain_field(e.person_id::text) || chain_field(e.subject) || chain_field(e.action)
        || chain_field(e.reason) || chain_field(e.before::text) || chain_field(e.after::text)
        || chain_field(e.xact::text) || chain_field(e.prev_hash))
$$;

-- One writer at a time per case: the case's row is the lock, and whoever acts on a case holds it
-- already. A number drawn before the wait for it may be too small; then another is drawn, so that
-- the order of numbers is the order of the chain.
create function chain_case_event() returns trigger
language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$
declare
    last_id bigint;
begin
    perform from city_case where case_id = new.case_id for no key update;
    select event_id, hash into last_id, new.prev_hash
        from case_event where case_id = new.case_id order by event_id desc limit 1;
    if last_id > new.event_id then
        new.event_id := nextval('case_event_event_id_seq');
    end if;
    new.xact := pg_current_xact_id();
    new.hash := case_event_hash(new);
    return new;
end $$;

-- One chain over all entries: they are few, so writers may wait for each other.
create function chain_audit_entry() returns trigger
language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$
declare
    last_id bigint;
begin
    perform pg_advisory_xact_lock(x'61756474'::integer, 0);
    select entry_id, hash into last_id, new.prev_hash
        from audit_entry order by entry_id desc limit 1;
    if last_id > new.entry_id then
        new.entry_id := nextval('audit_entry_entry_id_seq');
    end if;
    new.xact := pg_current_xact_id();
    new.hash := audit_entry_hash(new);
    return new;
end $$;

-- What was written before there was a chain gets one.
alter table case_event disable trigger case_event_append_only;
do $$
declare
    event case_event;
    last_case bigint;
    last_hash bytea;
begin
    for event in select * from case_event order by case_id, event_id loop
        event.prev_hash := case when event.case_id = last_case then last_hash end;
        event.hash := case_event_hash(event);
        update case_event set prev_hash = event.prev_hash, hash = event.hash
            where event_id = event.event_id;
        last_case := event.case_id;
        last_hash := event.hash;
    end loop;
end $$;
alter table case_event enable trigger case_event_append_only;

alter table case_event alter column hash set not null;
alter table audit_entry alter column hash set not null;
create trigger case_event_chain before insert on case_event
    for each row execute function chain_case_event();
create trigger audit_entry_chain before insert on audit_entry
    for each row execute function chain_audit_entry();

-- A seal closes what a span of transactions wrote into both tables, so that a case that is gone
-- with all its rows, or a tail that was cut off, is missed too.
create table audit_seal (
    number         bigint not null,
    at             timestamptz not null,
    -- transactions from this one on …
    from_xact      xid8 not null,
    -- … and before this one; all of them had ended
    to_xact        xid8 not null,
    -- which rows
    event_ids      int8multirange not null,
    entry_ids      int8multirange not null,
    case_events    bigint not null,
    audit_entries  bigint not null,
    -- SHA-256 over the hashes of the rows of case_event, then of audit_entry, by (xact, id)
    rows_hash      bytea not null,
    prev_hash      bytea,
    -- like a row's: 'audit_seal', number, at, from_xact, to_xact, event_ids, entry_ids,
    -- case_events, audit_entries, rows_hash, prev_hash
    hash           bytea not null,
    constraint audit_seal_pk primary key (number),
    constraint audit_seal_span check (from_xact < to_xact),
    constraint audit_seal_hash_lengths check (octet_length(rows_hash) = 32 and octet_length(hash) = 32)
);
create trigger audit_seal_append_only before update or delete or truncate on audit_seal
    for each statement execute function refuse_change();

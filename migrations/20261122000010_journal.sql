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

create trigger audit_entry_append_only before update or delete or truncate on audit_entry
    for each statement execute function refuse_change();

-- Who may look.

create table person (
    person_id      integer generated always as identity,
    login          text not null,
    name           text not null,
    -- argon2id in PHC string form
    password_hash  text not null,
    created_at     timestamptz not null default now(),
    constraint person_pk primary key (person_id),
    constraint person_login_once unique (login),
    constraint person_login_form check (login ~ '^[a-z0-9._-]{1,64}$')
);

create table session (
    -- sha-256 of the cookie value; the value itself is never stored
    token_sha256  bytea not null,
    person_id     integer not null,
    created_at    timestamptz not null,
    expires_at    timestamptz not null,
    constraint session_pk primary key (token_sha256),
    constraint session_person_fk foreign key (person_id) references person (person_id) on delete cascade,
    constraint session_expires check (expires_at > created_at)
);
create index session_person_idx on session (person_id);

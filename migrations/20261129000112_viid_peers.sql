-- View libraries of others that the city subscribes to.
create table viid_peer (
    peer_id              integer generated always as identity,
    -- whose cameras its pictures are of
    platform_id          integer not null,
    coordinates          coordinate_system not null,
    -- scheme, host and port; /VIID follows
    base_url             text not null,
    -- what we are registered as there
    device_id            text not null,
    username             text not null,
    -- sealed under the key of webhooks: we have to answer with it
    password_sealed      bytea not null,
    -- what is subscribed to there
    resource_uris        text[] not null,
    -- kinds of information by GA/T 1400.4, comma between
    subscribe_detail     text not null,
    -- where it is to tell us; the word in it lets its notifications in
    receive_addr_sealed  bytea not null,
    token_sha256         bytea not null,
    created_at           timestamptz not null,
    ended_at             timestamptz,
    -- null: not registered there
    registered_at        timestamptz,
    alive_at             timestamptz,
    -- one of each resource, in their order; empty: not subscribed
    subscribe_ids        text[] not null default '{}',
    subscribed_until     timestamptz,
    last_error           text,
    last_error_at        timestamptz,
    -- when to look after it again
    next_at              timestamptz not null,
    taken                bigint not null default 0,
    refused              bigint not null default 0,
    constraint viid_peer_pk primary key (peer_id),
    constraint viid_peer_platform_fk foreign key (platform_id) references platform (platform_id),
    constraint viid_peer_token_once unique (token_sha256),
    constraint viid_peer_form check (device_id ~ '^[0-9]{20}$'),
    constraint viid_peer_resources check (cardinality(resource_uris) > 0)
);
create index viid_peer_next on viid_peer (next_at);
comment on table viid_peer is 'View libraries that the city registers in and subscribes to, and how that stands';

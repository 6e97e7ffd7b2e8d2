-- How a case is worked: who has it, what runs, what is asked. Articles 12 to 16.

-- What waits for a decision while the case stays where it is.
create type case_request_kind as enum ('void', 'extension', 'suspension', 'appeal');
-- Article 15: who settles a dispute follows from the parties.
create type dispute_level as enum ('district', 'department', 'city', 'committee');

create type clock_stage as enum
    ('filing', 'verification', 'dispatch', 'handling', 'arrival', 'repair', 'dispute', 'review',
     'check', 'closing', 'quick', 'supervision');

alter table city_case
    -- cases no camera saw have none of these
    alter column camera_id drop not null,
    add column district_id         integer,
    add column rule_set_id         integer,
    add column condition_id        bigint,
    add column text                text not null default '',
    add column place_text          text not null default '',
    add column emergency           boolean not null default false,
    -- who has it: null until dispatched
    add column handling_unit_id    integer,
    add column helper_unit_ids     integer[] not null default '{}',
    -- 1: sent by the city; 2: sent on by the district
    add column dispatch_level      smallint not null default 0,
    -- inside the unit
    add column worker_id           integer,
    -- who verifies or checks
    add column assignee_id         integer,
    add column reported_by         integer,
    -- the people of the unit who handled it, so that none of them checks it
    add column handler_ids         integer[] not null default '{}',
    add column pending             case_request_kind,
    -- what is asked: {"kind", "by", "reason", "at", "until", "opinion"}; its kind is `pending`
    add column request             jsonb,
    add column dispute_level       dispute_level,
    -- the dispute being settled, or settled last: {"unit_id", "proposed_unit_id", "reason", "by",
    -- "at", "level", "opinion"}
    add column dispute             jsonb,
    -- it was decided: no further dispute
    add column dispute_final       boolean not null default false,
    -- 0 at first, one more with every rework
    add column round               smallint not null default 0,
    add column extensions          smallint not null default 0,
    add column suspensions         smallint not null default 0,
    add column supervised          boolean not null default false,
    -- the newest order: {"level", "reason", "by", "at", "due_at", "reply", "replied_at"}
    add column supervision         jsonb,
    -- where the dispatcher set others than the condition's: seconds of its calendar; the texts
    add column limit_s             integer,
    add column closing             jsonb,
    add column estimate_fen        bigint,
    -- units it was taken from after a check; it does not go back to them
    add column released_unit_ids   integer[] not null default '{}',
    add column dispatched_at       timestamptz,
    add column resume_at           timestamptz,
    add column notified_at         timestamptz,
    add column arrived_at          timestamptz,
    add column guarded_at          timestamptz,
    add column handled_at          timestamptz,
    -- what the check found
    add column check_passed        boolean,
    -- null while it is open
    add column ended_at            timestamptz,
    -- the raw fact, judged when the unit feeds back
    add column overdue             boolean not null default false,
    add column overdue_exempt      boolean not null default false,
    -- once a case
    add column appealed            boolean not null default false,
    add column merged_into         bigint,
    add column recurrence_of       bigint,
    -- the clock that presses most; without a time while it is paused, all null when none runs
    add column clock_stage         clock_stage,
    add column due_at              timestamptz,
    add column warn_at             timestamptz,
    -- after the last action: what a camera saw in between changes `version` but not this
    add column acted_version       integer not null default 1,
    add constraint city_case_district_fk foreign key (district_id) references district (district_id),
    add constraint city_case_rule_set_fk foreign key (rule_set_id) references rule_set (rule_set_id),
    add constraint city_case_condition_fk foreign key (condition_id) references filing_condition (condition_id),
    add constraint city_case_handling_unit_fk foreign key (handling_unit_id) references unit (unit_id),
    add constraint city_case_worker_fk foreign key (worker_id) references person (person_id),
    add constraint city_case_assignee_fk foreign key (assignee_id) references person (person_id),
    add constraint city_case_reported_by_fk foreign key (reported_by) references person (person_id),
    add constraint city_case_merged_into_fk foreign key (merged_into) references city_case (case_id),
    add constraint city_case_recurrence_fk foreign key (recurrence_of) references city_case (case_id);

-- One run of a stage's clock. What counted and what did not can be told from the row alone,
-- with the calendar of the case's rule set.
create table case_clock (
    clock_id        bigint generated always as identity,
    case_id         bigint not null,
    stage           clock_stage not null,
    round           smallint not null,
    calendar        clock_calendar not null,
    limit_s         integer not null,
    started_at      timestamptz not null,
    stopped_at      timestamptz,
    -- [{"from": time, "to": time | null, "reason": text}], in order, without overlap
    pauses          jsonb not null default '[]',
    -- null while paused
    due_at          timestamptz,
    -- each alarm is raised once
    warned_at       timestamptz,
    breached_at     timestamptz,
    escalated_at    timestamptz,
    -- when a timer has to look at it next; null: never
    next_alarm_at   timestamptz,
    constraint case_clock_pk primary key (clock_id),
    constraint case_clock_case_fk foreign key (case_id) references city_case (case_id),
    constraint case_clock_limit check (limit_s > 0),
    constraint case_clock_stopped check (stopped_at >= started_at)
);
create index case_clock_case_idx on case_clock (case_id);
-- one clock of a stage runs at a time
create unique index case_clock_running_once on case_clock (case_id, stage) where stopped_at is null;
create index case_clock_alarm_idx on case_clock (next_alarm_at) where next_alarm_at is not null;

create type attachment_kind as enum
    ('report', 'verification', 'arrival', 'guard', 'feedback', 'check', 'dispute', 'quick');

-- Pictures people took; files like case_evidence, named by their SHA-256.
create table case_attachment (
    attachment_id  bigint generated always as identity,
    -- null until an action names it
    case_id        bigint,
    kind           attachment_kind,
    image_sha256   bytea not null,
    image_width_px integer not null,
    image_height_px integer not null,
    taken_at       timestamptz,
    location       geometry(Point, 4326),
    uploaded_by    integer not null,
    uploaded_at    timestamptz not null,
    constraint case_attachment_pk primary key (attachment_id),
    constraint case_attachment_case_fk foreign key (case_id) references city_case (case_id),
    constraint case_attachment_person_fk foreign key (uploaded_by) references person (person_id),
    constraint case_attachment_used check ((case_id is null) = (kind is null)),
    constraint case_attachment_sha256_length check (octet_length(image_sha256) = 32)
);
create index case_attachment_case_idx on case_attachment (case_id);

-- What was answered to a key is answered again.
create table idempotency (
    person_id       integer not null,
    key             text not null,
    request_sha256  bytea not null,
    case_id         bigint not null,
    event_id        bigint not null,
    at              timestamptz not null,
    constraint idempotency_pk primary key (person_id, key),
    constraint idempotency_key_length check (length(key) between 8 and 128)
);

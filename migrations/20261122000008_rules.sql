-- What the city goes by. A rule set is drafted, approved by somebody else, and in force from a
-- date; nothing approved is edited, and a case keeps the set it was opened under. Article 7.

create type rule_set_state as enum ('draft', 'approved', 'withdrawn');

create table rule_set (
    rule_set_id     integer generated always as identity,
    name            text not null,
    note            text not null default '',
    -- what it was copied from
    based_on        integer,
    state           rule_set_state not null default 'draft',
    created_by      integer,
    created_at      timestamptz not null default now(),
    approved_by     integer,
    approved_at     timestamptz,
    in_force_from   timestamptz,
    constraint rule_set_pk primary key (rule_set_id),
    constraint rule_set_based_on_fk foreign key (based_on) references rule_set (rule_set_id),
    constraint rule_set_created_by_fk foreign key (created_by) references person (person_id),
    constraint rule_set_approved_by_fk foreign key (approved_by) references person (person_id),
    constraint rule_set_approved check
        ((state = 'approved') = (approved_at is not null and in_force_from is not null)),
    constraint rule_set_two_people check (approved_by <> created_by),
    constraint rule_set_one_from unique (in_force_from)
);

create type clock_calendar as enum ('continuous', 'working');

-- Filing conditions (立案条件): limits hang on these, not on the class.
create table filing_condition (
    condition_id   bigint generated always as identity,
    rule_set_id    integer not null,
    class_code     text not null,
    number         smallint not null,
    text_zh        text not null,
    text_en        text not null,
    calendar       clock_calendar not null,
    -- of that calendar: a working day is 8 hours, a continuous one 24
    limit_s        integer not null,
    closing_zh     text not null,
    closing_en     text not null,
    -- Article 13: arrive within 2 h, guard, repair within 24 h, from receipt of the notice
    emergency      boolean not null default false,
    source         text not null,
    mark           text not null,
    constraint filing_condition_pk primary key (condition_id),
    constraint filing_condition_rule_set_fk foreign key (rule_set_id) references rule_set (rule_set_id),
    constraint filing_condition_class_fk foreign key (class_code) references class (code),
    constraint filing_condition_once unique (rule_set_id, class_code, number),
    constraint filing_condition_limit check (limit_s > 0)
);

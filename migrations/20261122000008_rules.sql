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
    -- whoever wrote any of it; none of them approves it
    authors         integer[] not null default '{}',
    approved_by     integer,
    approved_at     timestamptz,
    in_force_from   timestamptz,
    withdrawn_by    integer,
    withdrawn_at    timestamptz,
    constraint rule_set_pk primary key (rule_set_id),
    constraint rule_set_based_on_fk foreign key (based_on) references rule_set (rule_set_id),
    constraint rule_set_created_by_fk foreign key (created_by) references person (person_id),
    constraint rule_set_approved_by_fk foreign key (approved_by) references person (person_id),
    constraint rule_set_withdrawn_by_fk foreign key (withdrawn_by) references person (person_id),
    constraint rule_set_name check (name <> ''),
    constraint rule_set_draft check (state <> 'draft' or (approved_at is null and in_force_from is null)),
    constraint rule_set_approved check (state <> 'approved' or (approved_at is not null and in_force_from is not null)),
    constraint rule_set_two_people check (approved_by <> created_by and not approved_by = any (authors)),
    -- approved by a person: not for the past
    constraint rule_set_not_backdated check (approved_by is null or approved_at <= in_force_from),
    constraint rule_set_withdrawn check ((state = 'withdrawn') = (withdrawn_at is not null)),
    constraint rule_set_withdrawn_in_time check (withdrawn_at < in_force_from)
);
create unique index rule_set_one_from on rule_set (in_force_from) where state = 'approved';
comment on table rule_set is 'Versions of the city''s rules';

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
    -- [{"zh": text, "en": text}]: each is ticked before the case is closed
    closing        jsonb not null,
    -- Article 13: arrive within 2 h, guard, repair within 24 h, from receipt of the notice
    emergency      boolean not null default false,
    source         text not null,
    mark           text not null,
    constraint filing_condition_pk primary key (condition_id),
    constraint filing_condition_rule_set_fk foreign key (rule_set_id) references rule_set (rule_set_id),
    constraint filing_condition_class_fk foreign key (class_code) references class (code),
    constraint filing_condition_once unique (rule_set_id, class_code, number),
    constraint filing_condition_number check (number > 0),
    constraint filing_condition_texts check (text_zh <> '' and text_en <> ''),
    constraint filing_condition_limit check (limit_s > 0),
    constraint filing_condition_closing check (jsonb_typeof(closing) = 'array' and closing <> '[]')
);

-- Local classes (R19.5): those the national standard has no number for.
alter table class_code drop constraint class_code_edition_form;
alter table class_code add constraint class_code_edition_form check (edition in ('2013', '2026', 'local'));

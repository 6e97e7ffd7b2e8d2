-- The states of a case and the ways a problem is learned of; docs/workflow.md says what leads
-- from one to another. A migration of its own: a new value of an enum cannot be used in the
-- transaction that adds it.

alter type case_state add value 'verifying';
alter type case_state add value 'rejected';
alter type case_state add value 'merged';
alter type case_state add value 'self_handled';
alter type case_state add value 'filed';
alter type case_state add value 'voided';
alter type case_state add value 'dispatched';
alter type case_state add value 'quick';
alter type case_state add value 'disputed';
alter type case_state add value 'handling';
alter type case_state add value 'suspended';
alter type case_state add value 'handled';
alter type case_state add value 'checking';
alter type case_state add value 'checked';
alter type case_state add value 'closed';
alter type case_state add value 'closed_unqualified';
alter type case_state add value 'closed_forced';

-- Article 11: the channels.
alter type case_source add value 'collector';
alter type case_source add value 'hotline';
alter type case_source add value 'public';
alter type case_source add value 'media';
alter type case_source add value 'department';
alter type case_source add value 'leader';
alter type case_source add value 'sensor';
alter type case_source add value 'exchange';

import type { Component } from 'svelte';
import type { Role } from '../api/types';
import type { Page } from '../situation';

/** A page of the application, who it is for, and its component, loaded when it is first opened. */
export interface Desk {
  page: Page;
  /** Whoever has one of these; empty: everybody who is signed in. */
  roles: readonly Role[];
  load: () => Promise<{ default: Component }>;
  /** Not in the navigation: one gets there from elsewhere. */
  hidden?: boolean;
}

const CENTRE: readonly Role[] = [
  'operator',
  'dispatcher',
  'duty_chief',
  'leader',
  'planner',
  'evaluator',
  'administrator',
];

/** Every desk, in the order of the navigation; the first one a person has is where they begin. */
export const DESKS: readonly Desk[] = [
  { page: 'operator', roles: ['operator'], load: () => import('./operator/OperatorDesk.svelte') },
  { page: 'map', roles: CENTRE, load: () => import('../pages/MapPage.svelte') },
  {
    page: 'chief',
    roles: ['duty_chief', 'leader'],
    load: () => import('./chief/ChiefDesk.svelte'),
  },
  {
    page: 'unit',
    roles: ['unit_manager', 'unit_worker'],
    load: () => import('./unit/UnitDesk.svelte'),
  },
  {
    page: 'field',
    roles: ['collector', 'checker'],
    load: () => import('./field/FieldDesk.svelte'),
  },
  {
    page: 'district',
    roles: ['district_dispatcher'],
    load: () => import('./district/DistrictDesk.svelte'),
  },
  {
    page: 'committee',
    roles: ['committee'],
    load: () => import('./committee/CommitteeDesk.svelte'),
  },
  {
    page: 'quick',
    roles: ['dispatcher', 'duty_chief', 'leader'],
    load: () => import('./quick/QuickDesk.svelte'),
  },
  {
    page: 'orders',
    roles: ['dispatcher', 'duty_chief', 'leader'],
    load: () => import('./orders/OrdersDesk.svelte'),
  },
  {
    page: 'outcomes',
    roles: ['evaluator', 'duty_chief', 'leader', 'committee'],
    load: () => import('./outcomes/OutcomesDesk.svelte'),
  },
  {
    page: 'rules',
    roles: ['administrator', 'planner', 'duty_chief', 'dispatcher'],
    load: () => import('./rules/RulesDesk.svelte'),
  },
  {
    page: 'grid',
    roles: ['planner', 'leader', 'administrator'],
    load: () => import('./grid/GridDesk.svelte'),
  },
  { page: 'admin', roles: ['administrator'], load: () => import('./admin/AdminDesk.svelte') },
  {
    page: 'audit',
    roles: ['auditor', 'administrator'],
    load: () => import('./audit/AuditDesk.svelte'),
  },
  {
    page: 'exports',
    roles: ['data_officer', 'evaluator', 'leader', 'auditor'],
    load: () => import('./exports/ExportsDesk.svelte'),
  },
  { page: 'cameras', roles: CENTRE, load: () => import('../pages/Cameras.svelte') },
  { page: 'platforms', roles: ['administrator'], load: () => import('../pages/Platforms.svelte') },
  {
    page: 'account',
    roles: [],
    load: () => import('./account/AccountDesk.svelte'),
    hidden: true,
  },
  { page: 'case', roles: [], load: () => import('../case/CasePage.svelte'), hidden: true },
];

export function isFor(desk: Desk, roles: readonly Role[]): boolean {
  return desk.roles.length === 0 || desk.roles.some((role) => roles.includes(role));
}

/** The desks of somebody with these roles, in order. */
export function desksOf(roles: readonly Role[]): Desk[] {
  return DESKS.filter((desk) => isFor(desk, roles));
}

/** Where somebody begins who asked for no page in particular. */
export function firstDesk(roles: readonly Role[]): Page | null {
  const own = desksOf(roles).filter((desk) => !desk.hidden);
  // A dispatcher works on the map, also where they have another desk.
  if (roles.includes('dispatcher')) return 'map';
  return own[0]?.page ?? null;
}

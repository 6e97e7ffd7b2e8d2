import type { ActionField, Uploaded } from '../api/types';
import { cityMoment } from '../time';

export interface Position {
  lon: number;
  lat: number;
  accuracy_m?: number;
}

/** One line of costs, as it is typed. */
export interface ItemLine {
  item: string;
  quantity: string;
  /** In yuan. */
  price: string;
}

/** What a form holds, by the field's kind; absent: not filled in yet. */
export type FieldValue =
  | string
  | number
  | boolean
  | (string | number)[]
  | Uploaded[]
  | Position
  | ItemLine[]
  | null
  | undefined;
export type Values = Record<string, FieldValue>;

/** Yuan as typed to whole fen; null where it is no amount. Never through a fraction. */
export function fenOf(yuan: string): number | null {
  const match = /^(\d{1,10})(?:\.(\d{1,2}))?$/.exec(yuan.trim());
  if (!match) return null;
  return Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
}

/** Fen as yuan with two decimals. */
export function yuanOf(fen: number): string {
  const sign = fen < 0 ? '-' : '';
  const digits = String(Math.abs(fen)).padStart(3, '0');
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

function isUsed(line: ItemLine): boolean {
  return `${line.item}${line.quantity}${line.price}`.trim() !== '';
}

function isWhole(line: ItemLine): boolean {
  return line.item.trim() !== '' && Number(line.quantity) > 0 && fenOf(line.price) !== null;
}

/** The sum of the whole lines, in fen. */
export function totalFen(lines: ItemLine[]): number {
  return lines
    .filter(isWhole)
    .reduce((sum, line) => sum + Math.round(Number(line.quantity) * (fenOf(line.price) ?? 0)), 0);
}

/** Several may be chosen: a checklist, or a choice that says how many at least. */
export function isMany(field: ActionField): boolean {
  return field.kind === 'checklist' || (field.kind === 'choice' && (field.min ?? 0) > 0);
}

/** Whether what is filled in is enough for one field. */
function isFilled(field: ActionField, value: FieldValue): boolean {
  if (isMany(field)) return Array.isArray(value) && value.length >= Math.max(1, field.min ?? 1);
  switch (field.kind) {
    case 'text':
    case 'reason':
    case 'datetime':
      return typeof value === 'string' && value.trim() !== '';
    case 'money':
      return typeof value === 'string' && fenOf(value) !== null;
    case 'number':
      return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value));
    case 'photos':
    case 'units':
      return Array.isArray(value) && value.length >= Math.max(1, field.min ?? 1);
    case 'items': {
      const used = ((value ?? []) as ItemLine[]).filter(isUsed);
      return used.length > 0 && used.every(isWhole);
    }
    case 'flag':
      return true;
    default:
      return value !== null && value !== undefined && value !== '';
  }
}

const isEmpty = (value: FieldValue) =>
  value === null ||
  value === undefined ||
  value === '' ||
  (Array.isArray(value) && value.length === 0);

/** What is still missing, or is no amount or number though it was typed; by the fields' names. */
export function missing(fields: readonly ActionField[], values: Values): string[] {
  return fields
    .filter((field) => {
      const value = values[field.name];
      if (isFilled(field, value)) return false;
      const isNumber = field.kind === 'money' || field.kind === 'number' || field.kind === 'items';
      return field.required || (isNumber && !isEmpty(value) && !isUntouchedItems(value));
    })
    .map((field) => field.name);
}

function isUntouchedItems(value: FieldValue): boolean {
  return (
    Array.isArray(value) &&
    !(value as ItemLine[]).some((line) => line.item !== undefined && isUsed(line))
  );
}

/** Limits are typed in hours and told in seconds. */
const HOURS = new Set(['limit_s']);
/** Numbers of a list, though a choice's value may come as text. */
const INDEXES = new Set(['closing_met']);

function sent(field: ActionField, value: FieldValue): unknown {
  switch (field.kind) {
    case 'money':
      return fenOf(value as string);
    case 'number':
      return HOURS.has(field.name) ? Math.round(Number(value) * 3600) : Number(value);
    case 'datetime':
      return cityMoment(value as string);
    case 'photos':
      return (value as Uploaded[]).map((photo) => photo.id);
    case 'checklist':
      return INDEXES.has(field.name) ? (value as (string | number)[]).map(Number) : value;
    case 'items':
      return (value as ItemLine[]).filter(isUsed).map((line) => ({
        item: line.item.trim(),
        quantity: Number(line.quantity),
        unit_price_fen: fenOf(line.price),
      }));
    case 'text':
    case 'reason':
      return (value as string).trim();
    default:
      return value;
  }
}

/** The body of the action: every field that is filled in, as the server wants it. */
export function bodyOf(fields: readonly ActionField[], values: Values): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const field of fields) {
    const value = values[field.name];
    if (field.kind === 'flag') {
      body[field.name] = value === true;
    } else if (field.kind === 'position' && value) {
      const { lon, lat } = value as Position;
      Object.assign(body, { lon, lat });
    } else if (isFilled(field, value)) {
      body[field.name] = sent(field, value);
    }
  }
  return body;
}

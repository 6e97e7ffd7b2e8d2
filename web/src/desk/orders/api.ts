import { ask } from '../../api/client';
import type { Unit } from '../../api/types';

export interface Receipt {
  text: string;
  by: string;
  at: string;
}

export interface Addressee {
  unit: Unit;
  read_at: string | null;
  receipt: Receipt | null;
  overdue: boolean;
}

export interface Order {
  id: number;
  title: string;
  text: string;
  due_at: string;
  issued_by: string;
  issued_at: string;
  replied: number;
  of: number;
  overdue: boolean;
  units: Addressee[];
}

export const orders = () => ask<{ orders: Order[]; next: number | null }>('GET', '/api/v1/orders');
export const order = (id: number) => ask<Order>('GET', `/api/v1/orders/${id}`);
export const issue = (asked: { title: string; text: string; due_at: string; unit_ids: number[] }) =>
  ask<Order>('POST', '/api/v1/orders', asked);
export const feedBack = (id: number, text: string) =>
  ask<unknown>('POST', `/api/v1/orders/${id}/receipts`, { text });

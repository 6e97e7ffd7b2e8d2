import { ApiError, session as ask, onSignedOut, signOut } from '../api/client';
import type { Grant, Person, Role } from '../api/types';

type State = 'asking' | 'in' | 'out' | 'unreachable';

/** Who is signed in. */
class Session {
  state = $state<State>('asking');
  person = $state.raw<Person | null>(null);
  private readonly farewells: (() => Promise<void>)[] = [];

  constructor() {
    onSignedOut(() => this.leave());
  }

  async resume(): Promise<void> {
    this.state = 'asking';
    try {
      this.enter((await ask()).person);
    } catch (error) {
      this.state = error instanceof ApiError && error.status === 401 ? 'out' : 'unreachable';
    }
  }

  enter(person: Person): void {
    this.person = person;
    this.state = 'in';
  }

  get roles(): Role[] {
    return this.person?.grants.map(({ role }) => role) ?? [];
  }

  grantsOf(role: Role): Grant[] {
    return this.person?.grants.filter((grant) => grant.role === role) ?? [];
  }

  hasAny(roles: readonly Role[]): boolean {
    return this.person?.grants.some((grant) => roles.includes(grant.role)) ?? false;
  }

  /** `farewell` is waited for before the person signs out. */
  beforeLeaving(farewell: () => Promise<void>): void {
    this.farewells.push(farewell);
  }

  async signOut(): Promise<void> {
    await Promise.allSettled(this.farewells.map((farewell) => farewell()));
    try {
      await signOut();
    } catch (error) {
      const isOut = error instanceof ApiError && error.status === 401;
      if (!isOut) {
        // signed in still, and said so; whoever tries again sees how it is
        this.state = 'unreachable';
        return;
      }
    }
    this.leave();
  }

  private leave(): void {
    this.person = null;
    this.state = 'out';
  }
}

export const session = new Session();

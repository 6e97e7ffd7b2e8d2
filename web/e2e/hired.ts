import { asked } from './ask';
import type { Program } from './program';

/** People of a city that has nobody but its administrator: one a role, whose login is its name. */
export async function hired(
  { url, password }: Program,
  roles: readonly string[],
): Promise<Map<string, string>> {
  const admin = { login: 'admin', password: password ?? '' };
  return asked(url, admin, async (ask) => {
    const passwords = new Map<string, string>();
    for (const role of roles) {
      const login = role.replace('_', '-');
      const made = await ask<{ person: { id: number }; password: string }>(
        '/api/v1/people',
        'POST',
        { login, name: role },
      );
      await ask(`/api/v1/people/${made.person.id}/grants`, 'POST', { role });
      passwords.set(role, made.password);
    }
    return passwords;
  });
}

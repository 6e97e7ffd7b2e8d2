import { Words } from './index.svelte';

/** A person's own account. */
const zh = {
  title: '我的账号',
  roles: '我的岗位',
  password: '修改密码',
  old: '现在的密码',
  next: '新密码',
  hint: '10 至 200 个字符；修改后，其他设备上的登录全部退出。',
  change: '修改密码',
  changed: '密码已修改，其他设备已退出。',
  others: '其他设备上的登录',
  none: '没有别的登录。',
  signedIn: (when: string) => `登录于 ${when}`,
  end: '全部退出',
  provider: (name: string) => `用 ${name} 登录`,
};

export type AccountWords = typeof zh;

const en: AccountWords = {
  title: 'My account',
  roles: 'My roles',
  password: 'Change password',
  old: 'Present password',
  next: 'New password',
  hint: '10 to 200 characters; every other sign-in of yours ends.',
  change: 'Change password',
  changed: 'The password is changed; other devices are signed out.',
  others: 'Signed in elsewhere',
  none: 'Nowhere else.',
  signedIn: (when) => `signed in ${when}`,
  end: 'Sign out all of them',
  provider: (name) => `Sign in with ${name}`,
};

export const account = new Words<AccountWords>(zh, en);

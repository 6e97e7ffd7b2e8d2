import { flushSync } from 'svelte';

export type Theme = 'dark' | 'light';

const STORED = 'cityward.theme';
const printing = matchMedia('print');
const systemIsLight = matchMedia('(prefers-color-scheme: light)');

function stored(): Theme | null {
  const value = localStorage.getItem(STORED);
  return value === 'dark' || value === 'light' ? value : null;
}

class ThemeChoice {
  private system = $state<Theme>(systemIsLight.matches ? 'light' : 'dark');
  private chosen = $state<Theme | null>(stored());
  /** Paper is light. */
  onPaper = $state(false);
  /** What the person chose, else what the system prefers. */
  readonly current = $derived(this.onPaper ? 'light' : (this.chosen ?? this.system));

  constructor() {
    systemIsLight.addEventListener('change', (event) => {
      this.system = event.matches ? 'light' : 'dark';
    });
    printing.addEventListener('change', ({ matches }) => {
      this.onPaper = matches;
      // what is printed is what is there when this ends
      flushSync();
    });
  }

  toggle(): void {
    this.chosen = this.current === 'dark' ? 'light' : 'dark';
    localStorage.setItem(STORED, this.chosen);
  }
}

export const theme = new ThemeChoice();

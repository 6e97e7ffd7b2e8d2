export type Theme = 'dark' | 'light';

const STORED = 'cityward.theme';
const systemIsLight = matchMedia('(prefers-color-scheme: light)');

function stored(): Theme | null {
  const value = localStorage.getItem(STORED);
  return value === 'dark' || value === 'light' ? value : null;
}

class ThemeChoice {
  private system = $state<Theme>(systemIsLight.matches ? 'light' : 'dark');
  private chosen = $state<Theme | null>(stored());
  /** What the person chose, else what the system prefers. */
  readonly current = $derived(this.chosen ?? this.system);

  constructor() {
    systemIsLight.addEventListener('change', (event) => {
      this.system = event.matches ? 'light' : 'dark';
    });
  }

  toggle(): void {
    this.chosen = this.current === 'dark' ? 'light' : 'dark';
    localStorage.setItem(STORED, this.chosen);
  }
}

export const theme = new ThemeChoice();

import { type Finding, validate } from './api';

/** What was last found against a plan; it outlives the plan's being read anew. */
export class PlanCheck {
  found = $state.raw<{ version: number; findings: Finding[] } | null>(null);

  async run(plan: number): Promise<void> {
    this.found = await validate(plan);
  }
}

import {
  askDevice,
  type Device,
  removeSource,
  type SourceDraft,
  type SourceKind,
  type SourceOfCamera,
  saveSource,
  source,
  trySource,
} from '../api/source';

const PERIOD_S = 10;

/** The source of one camera, and the form that changes it. */
export class CameraSource {
  kept = $state.raw<SourceOfCamera | null>(null);
  /** Null: nothing is being changed. */
  draft = $state<SourceDraft | null>(null);
  device = $state.raw<Device | null>(null);
  /** The picture a source gave that was tried out; to be given back. */
  shown = $state.raw<string | null>(null);

  constructor(readonly cameraId: string) {}

  async load(): Promise<void> {
    this.kept = await source(this.cameraId);
  }

  begin(): void {
    const kept = this.kept?.source;
    this.draft = kept
      ? { ...kept, password: null }
      : { kind: 'snapshot', url: '', login: null, password: null, period_s: PERIOD_S };
  }

  end(): void {
    this.draft = null;
    this.device = null;
    this.#show(null);
  }

  async attempt(): Promise<void> {
    this.#show(null);
    if (this.draft) this.#show(await trySource(this.cameraId, asked(this.draft)));
  }

  async save(): Promise<void> {
    if (!this.draft) return;
    this.kept = await saveSource(this.cameraId, asked(this.draft));
    this.end();
  }

  async remove(): Promise<void> {
    await removeSource(this.cameraId);
    this.end();
    await this.load();
  }

  async ask(url: string): Promise<void> {
    if (!this.draft) return;
    const { login, password } = asked(this.draft);
    this.device = null;
    this.device = await askDevice(this.cameraId, { url, login, password });
  }

  use(kind: SourceKind, url: string): void {
    if (this.draft) this.draft = { ...this.draft, kind, url };
    this.device = null;
  }

  #show(picture: Blob | null): void {
    if (this.shown) URL.revokeObjectURL(this.shown);
    this.shown = picture && URL.createObjectURL(picture);
  }
}

/** What was left empty is not sent as a text. */
export const asked = (draft: SourceDraft): SourceDraft => ({
  ...draft,
  url: draft.url.trim(),
  login: draft.login?.trim() || null,
  password: draft.password || null,
});

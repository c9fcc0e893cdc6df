type LimitOrigin = 'set' | 'queried' | 'catalog' | 'learned';
type Throttles = { rate: number; tokens: number; burst: number };

export type PaceSecond = {
  readonly kind: 'second';
  readonly model: string;
  readonly atMs: number;
  readonly sent: number;
  readonly admitted: number;
  readonly refused: Readonly<Throttles>;
  readonly tokens: number;
  readonly inFlight: number;
  readonly waiting: number;
  readonly rpm: number;
  readonly tpm: number | null;
  readonly rpmLimit: number | null;
  readonly rpmOrigin: LimitOrigin | null;
  readonly tpmLimit: number | null;
  readonly tpmOrigin: LimitOrigin | null;
  readonly concurrency: number;
  readonly state: string;
};

export type PaceChange = {
  readonly kind: 'change';
  readonly model: string | null;
  readonly atMs: number;
  readonly dimension: string;
  readonly reason: string;
  readonly from: number | null;
  readonly to: number | null;
};

export type PaceEvent = PaceSecond | PaceChange;

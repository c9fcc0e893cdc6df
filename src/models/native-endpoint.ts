import { canonicalIdOf } from './canonical-id.ts';
import type { ModelProfile } from './model-profile.ts';
import type { ModelRecord } from './model-record.ts';

const MULTIMODAL_FAMILY = /(?:^|[-/])(?:vl|qvq|ocr|audio|asr|omni)(?:-|$)/;

/**
 * Vision, OCR, audio and omni models, and text models with vision (qwen3.5-plus and later), are served by
 * multimodal-generation; the rest by text-generation; realtime models by neither.
 * Source: native API reference and error-code page of Model Studio, February 2026.
 */
export function nativeEndpointOf(record: ModelRecord): ModelProfile['nativeEndpoint'] {
  if (record.native_endpoint !== undefined) {
    return record.native_endpoint;
  }
  const id = canonicalIdOf(record);
  if (/-realtime(?:-|$)/.test(id)) {
    return null;
  }
  if (record.in === undefined) {
    return MULTIMODAL_FAMILY.test(id) ? 'multimodal-generation' : null;
  }
  return record.in.some((modality) => modality !== 'text')
    ? 'multimodal-generation'
    : 'text-generation';
}

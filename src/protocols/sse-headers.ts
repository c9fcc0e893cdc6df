/**
 * What switches a native stream on; both, as the vendor's own client sends them.
 * Source: Model Studio API reference (2025-11); dashscope-sdk-python @c0d7a0b7 (2026-07).
 */
export const SSE_HEADERS = { 'x-dashscope-sse': 'enable', accept: 'text/event-stream' } as const;

/**
 * Headers that enable native streaming; both, as in the vendor's own client.
 * Source: Model Studio API reference (2025-11); dashscope-sdk-python @c0d7a0b7 (2026-07).
 */
export const SSE_HEADERS = { 'x-dashscope-sse': 'enable', accept: 'text/event-stream' } as const;

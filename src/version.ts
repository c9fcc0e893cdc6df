/** The version of this program; the release script keeps it equal to package.json (a test compares them). */
export const VERSION = '0.1.0';
/** The bundled version of undici, for setups without it installed (a test compares them). */
export const UNDICI_VERSION = '7.30.2';

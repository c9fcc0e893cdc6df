/** Takes back what version 5 of the tables did, in SQL. */
export const BEFORE_VERSION_5 = `ALTER TABLE learned_limits DROP COLUMN tpm_learned_at;
  ALTER TABLE learned_limits RENAME COLUMN rpm_learned_at TO learned_at`;

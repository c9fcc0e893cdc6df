-- A ledger as release 0.1.0 left it (schema version 1): three lines, one answered, two open.
-- `@FOLDER@` stands for the job's folder, `{zeros:N}` for N zeros.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE ledger (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  commit_counter INTEGER NOT NULL
) STRICT;
INSERT INTO ledger VALUES(1,5);
CREATE TABLE jobs (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('open', 'finished')),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  input_path TEXT NOT NULL,
  input_sha256 TEXT NOT NULL,
  input_bytes INTEGER NOT NULL,
  line_count INTEGER NOT NULL,
  last_line_no INTEGER NOT NULL,
  identity TEXT NOT NULL,
  survey TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  currency TEXT NOT NULL,
  output_order TEXT NOT NULL CHECK (output_order IN ('input', 'settled')),
  results_path TEXT NOT NULL,
  errors_path TEXT NOT NULL,
  output_mode TEXT NOT NULL CHECK (output_mode IN ('append', 'replace')),
  cursor_line INTEGER NOT NULL,
  cursor_seq INTEGER NOT NULL,
  cursor_input_line INTEGER NOT NULL,
  cursor_input_bytes INTEGER NOT NULL,
  results_bytes INTEGER NOT NULL,
  errors_bytes INTEGER NOT NULL,
  answered INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  rejected INTEGER NOT NULL,
  cost_pico INTEGER NOT NULL,
  generation INTEGER NOT NULL
) STRICT;
INSERT INTO jobs VALUES(1,'a','open',1795665600136,1795665600502,'@FOLDER@/a.jsonl','475bb8efe852c123b1779e6786f287ced60bcfd4493d31ab2bbfbd9acefe9c2d',131,3,3,'{"model":"qwen-plus","system":null,"protocol":"auto","set":{},"simulated":true}','{"lines":3,"valid":3,"invalid":0,"inputTokens":32,"outputExpectedTokens":1536,"expectedPico":3097600000,"models":[{"model":"qwen-plus","lines":3}]}','{"region":"beijing","dashscope":"simulator","openai":"simulator","scope":"cn"}','CNY','input','@FOLDER@/a.results.jsonl','@FOLDER@/a.errors.jsonl','append',1,1,1,0,631,0,1,0,0,123200000,0);
CREATE TABLE lines (
  job_id INTEGER NOT NULL REFERENCES jobs(id),
  line_no INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('answered', 'failed', 'rejected')),
  seq INTEGER NOT NULL,
  custom_id TEXT,
  model TEXT,
  attempts INTEGER NOT NULL,
  status_code INTEGER,
  code TEXT,
  message TEXT,
  param TEXT,
  request_id TEXT,
  metadata TEXT,
  settled_at INTEGER NOT NULL,
  PRIMARY KEY (job_id, line_no)
) STRICT, WITHOUT ROWID;
INSERT INTO lines VALUES(1,1,'answered',1,'上海','qwen-plus',1,200,NULL,NULL,NULL,'ef038ce3-ce68-a68d-06a5-06edb69e3656',NULL,1795665600501);
CREATE TABLE attempts (
  job_id INTEGER NOT NULL REFERENCES jobs(id),
  line_no INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  custom_id TEXT,
  model TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  class TEXT CHECK (class IN ('answered', 'rejected', 'never_sent', 'possibly_billed')),
  counted INTEGER NOT NULL DEFAULT 0,
  status_code INTEGER,
  code TEXT,
  request_id TEXT,
  input_tokens INTEGER,
  output_tokens INTEGER,
  total_tokens INTEGER,
  cached_tokens INTEGER,
  reasoning_tokens INTEGER,
  cost_pico INTEGER,
  estimated_tokens INTEGER NOT NULL,
  estimated_pico INTEGER,
  PRIMARY KEY (job_id, line_no, attempt)
) STRICT, WITHOUT ROWID;
INSERT INTO attempts VALUES(1,1,1,'上海','qwen-plus',1795665600163,1795665600501,'answered',1,200,NULL,'ef038ce3-ce68-a68d-06a5-06edb69e3656',9,58,67,0,NULL,123200000,524,1033600000);
CREATE TABLE bodies (
  id INTEGER PRIMARY KEY,
  body BLOB NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
INSERT INTO bodies VALUES(1099511627777,X'7b226f7574707574223a7b2266696e6973685f726561736f6e223a2273746f70222c2274657874223a22e682a8e997aee79a84e698afe2809ce4b880e58fa5e8af9de4bb8be7bb8de4b88ae6b5b7e2809defbc8ce4b88be99da2e7bb99e587bae7ae80e8a681e79a84e59b9ee7ad94e38082e5a682e69e9ce9a284e7ae97e69c89e99990efbc8ce58fafe4bba5e58588e5819ae5b08fe8a784e6a8a1e79a84e8af95e9aa8cefbc8ce5868de586b3e5ae9ae698afe590a6e68ea8e5b9bfe38082e98187e588b0e4be8be5a496e68385e586b5e697b6efbc8ce5ba94e5bd93e58588e4bf9de8af81e5ae89e585a8efbc8ce5868de8bfbde6b182e69588e78e87e38082e585b6e6aca1e8a681e6b3a8e6848fe695b0e68daee79a84e69da5e6ba90e5928ce697b6e997b4efbc8ce981bfe5858de4bdbfe794a8e8bf87e69c9fe79a84e4bfa1e681afe38082227d2c227573616765223a7b22746f74616c5f746f6b656e73223a36372c226f75747075745f746f6b656e73223a35382c22696e7075745f746f6b656e73223a392c2270726f6d70745f746f6b656e735f64657461696c73223a7b226361636865645f746f6b656e73223a307d7d2c22726571756573745f6964223a2265663033386365332d636536382d613638642d303661352d303665646236396533363536227d',271220540);
CREATE TABLE input_blocks (
  job_id INTEGER NOT NULL REFERENCES jobs(id),
  block INTEGER NOT NULL,
  fingerprints BLOB NOT NULL,
  PRIMARY KEY (job_id, block)
) STRICT;
INSERT INTO input_blocks VALUES(1,0,X'626e0d73c3f913a67c8db378fbe095ce32e592dd641d0c9f{zeros:65488}');
COMMIT;

CREATE TABLE user (
  id INTEGER PRIMARY KEY, username TEXT NOT NULL UNIQUE COLLATE NOCASE, name TEXT NOT NULL, email TEXT NOT NULL,
  bot INTEGER NOT NULL DEFAULT 0, admin INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'active',
  created_at TEXT NOT NULL
);
CREATE TABLE token (
  id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES user, kind TEXT NOT NULL DEFAULT 'personal',
  value TEXT NOT NULL UNIQUE, name TEXT NOT NULL, scopes TEXT NOT NULL, expires_at TEXT,
  revoked INTEGER NOT NULL DEFAULT 0, project_id INTEGER REFERENCES project, job_id INTEGER, created_at TEXT NOT NULL
);
CREATE TABLE namespace (
  id INTEGER PRIMARY KEY, path TEXT NOT NULL, full_path TEXT NOT NULL UNIQUE COLLATE NOCASE,
  parent_id INTEGER REFERENCES namespace, created_at TEXT NOT NULL
);
CREATE TABLE project (
  id INTEGER PRIMARY KEY, namespace_id INTEGER NOT NULL REFERENCES namespace, path TEXT NOT NULL,
  full_path TEXT NOT NULL UNIQUE COLLATE NOCASE, description TEXT NOT NULL DEFAULT '',
  default_branch TEXT NOT NULL, visibility TEXT NOT NULL, archived INTEGER NOT NULL DEFAULT 0,
  remove_source_branch INTEGER NOT NULL DEFAULT 1, pipeline_must_succeed INTEGER NOT NULL DEFAULT 0,
  discussions_resolved INTEGER NOT NULL DEFAULT 0, reset_approvals INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE TABLE member (
  id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES user, project_id INTEGER REFERENCES project,
  namespace_id INTEGER REFERENCES namespace, access_level INTEGER NOT NULL, expires_at TEXT, created_at TEXT NOT NULL,
  UNIQUE (user_id, project_id), UNIQUE (user_id, namespace_id)
);
CREATE TABLE label (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES project, name TEXT NOT NULL,
  color TEXT NOT NULL, description TEXT, priority INTEGER, UNIQUE (project_id, name)
);
CREATE TABLE issue (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES project, iid INTEGER NOT NULL,
  title TEXT NOT NULL, description TEXT, state TEXT NOT NULL DEFAULT 'opened', issue_type TEXT NOT NULL DEFAULT 'issue',
  author_id INTEGER NOT NULL REFERENCES user, due_date TEXT, weight INTEGER,
  confidential INTEGER NOT NULL DEFAULT 0, locked INTEGER NOT NULL DEFAULT 0, time_estimate INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, closed_at TEXT, closed_by INTEGER REFERENCES user,
  UNIQUE (project_id, iid)
);
CREATE TABLE merge_request (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES project, iid INTEGER NOT NULL,
  title TEXT NOT NULL, description TEXT, state TEXT NOT NULL DEFAULT 'opened',
  author_id INTEGER NOT NULL REFERENCES user, source_branch TEXT NOT NULL, target_branch TEXT NOT NULL,
  head TEXT, base TEXT, start TEXT, merge_commit_sha TEXT, squash_commit_sha TEXT, squash INTEGER NOT NULL DEFAULT 0,
  remove_source_branch INTEGER, locked INTEGER NOT NULL DEFAULT 0, time_estimate INTEGER NOT NULL DEFAULT 0,
  prepared_at TEXT,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, merged_at TEXT, merged_by INTEGER REFERENCES user,
  closed_at TEXT, closed_by INTEGER REFERENCES user, UNIQUE (project_id, iid)
);
CREATE INDEX merge_request_source ON merge_request (project_id, source_branch, state);
CREATE INDEX merge_request_target ON merge_request (project_id, target_branch, state);
CREATE TABLE version (
  id INTEGER PRIMARY KEY, merge_request_id INTEGER NOT NULL REFERENCES merge_request,
  head TEXT NOT NULL, base TEXT NOT NULL, start TEXT NOT NULL, created_at TEXT NOT NULL
);
CREATE INDEX version_of ON version (merge_request_id);
CREATE TABLE approval (
  merge_request_id INTEGER NOT NULL REFERENCES merge_request, user_id INTEGER NOT NULL REFERENCES user,
  approved_at TEXT NOT NULL, PRIMARY KEY (merge_request_id, user_id)
);
CREATE TABLE reviewer (
  id INTEGER PRIMARY KEY, merge_request_id INTEGER NOT NULL REFERENCES merge_request,
  user_id INTEGER NOT NULL REFERENCES user, state TEXT NOT NULL DEFAULT 'unreviewed', created_at TEXT NOT NULL,
  UNIQUE (merge_request_id, user_id)
);
CREATE TABLE assignee (
  kind TEXT NOT NULL, target_id INTEGER NOT NULL, user_id INTEGER NOT NULL REFERENCES user,
  PRIMARY KEY (kind, target_id, user_id)
);
CREATE TABLE label_link (
  kind TEXT NOT NULL, target_id INTEGER NOT NULL, label_id INTEGER NOT NULL REFERENCES label ON DELETE CASCADE,
  PRIMARY KEY (kind, target_id, label_id)
) WITHOUT ROWID;
CREATE INDEX label_link_label ON label_link (label_id, kind, target_id);
CREATE TABLE label_event (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, target_id INTEGER NOT NULL, user_id INTEGER NOT NULL REFERENCES user,
  label_id INTEGER REFERENCES label ON DELETE SET NULL, action TEXT NOT NULL, created_at TEXT NOT NULL
);
CREATE INDEX label_event_target ON label_event (kind, target_id);
CREATE TABLE state_event (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, target_id INTEGER NOT NULL, user_id INTEGER NOT NULL REFERENCES user,
  state TEXT NOT NULL, source_commit TEXT, source_merge_request_id INTEGER, created_at TEXT NOT NULL
);
CREATE INDEX state_event_target ON state_event (kind, target_id);
CREATE TABLE note (
  id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, target_id INTEGER NOT NULL, discussion TEXT NOT NULL,
  type TEXT, author_id INTEGER NOT NULL REFERENCES user, body TEXT NOT NULL, system INTEGER NOT NULL DEFAULT 0,
  internal INTEGER NOT NULL DEFAULT 0, resolvable INTEGER NOT NULL DEFAULT 0, resolved_at TEXT,
  resolved_by INTEGER REFERENCES user, position TEXT, commit_id TEXT,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE INDEX note_target ON note (kind, target_id, created_at, id);
CREATE INDEX note_discussion ON note (discussion);
CREATE TABLE issue_link (
  id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL REFERENCES issue, target_id INTEGER NOT NULL REFERENCES issue,
  link_type TEXT NOT NULL, created_at TEXT NOT NULL, UNIQUE (source_id, target_id)
);
CREATE INDEX issue_link_target ON issue_link (target_id);
CREATE TABLE timelog (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, target_id INTEGER NOT NULL, user_id INTEGER NOT NULL REFERENCES user,
  seconds INTEGER NOT NULL, summary TEXT, created_at TEXT NOT NULL
);
CREATE TABLE pipeline (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES project, iid INTEGER NOT NULL, ref TEXT NOT NULL,
  sha TEXT NOT NULL, status TEXT NOT NULL, source TEXT NOT NULL, user_id INTEGER REFERENCES user,
  coverage TEXT, merge_request_id INTEGER REFERENCES merge_request, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
  started_at TEXT, finished_at TEXT
);
CREATE INDEX pipeline_ref ON pipeline (project_id, ref);
CREATE TABLE job (
  id INTEGER PRIMARY KEY, pipeline_id INTEGER NOT NULL REFERENCES pipeline, project_id INTEGER NOT NULL,
  name TEXT NOT NULL, stage TEXT NOT NULL, status TEXT NOT NULL, allow_failure INTEGER NOT NULL DEFAULT 0,
  trace TEXT NOT NULL DEFAULT '', artifacts BLOB, failure_reason TEXT, created_at TEXT NOT NULL, started_at TEXT,
  finished_at TEXT, erased_at TEXT, retried INTEGER NOT NULL DEFAULT 0,
  bridge INTEGER NOT NULL DEFAULT 0, downstream_id INTEGER REFERENCES pipeline
);
CREATE INDEX job_pipeline ON job (pipeline_id);
CREATE TABLE schedule (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES project, description TEXT NOT NULL, ref TEXT NOT NULL,
  cron TEXT NOT NULL, cron_timezone TEXT NOT NULL, active INTEGER NOT NULL, owner_id INTEGER NOT NULL REFERENCES user,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE TABLE variable (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES project, schedule_id INTEGER REFERENCES schedule,
  key TEXT NOT NULL, value TEXT NOT NULL, protected INTEGER NOT NULL DEFAULT 0, masked INTEGER NOT NULL DEFAULT 0,
  variable_type TEXT NOT NULL DEFAULT 'env_var', environment_scope TEXT NOT NULL DEFAULT '*'
);
CREATE TABLE runner (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES project, description TEXT NOT NULL, token TEXT NOT NULL,
  tags TEXT NOT NULL, run_untagged INTEGER NOT NULL, paused INTEGER NOT NULL, contacted_at TEXT
);
CREATE TABLE protected_branch (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES project, name TEXT NOT NULL,
  push_level INTEGER NOT NULL, merge_level INTEGER NOT NULL, allow_force_push INTEGER NOT NULL DEFAULT 0,
  UNIQUE (project_id, name)
);
CREATE TABLE snippet (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES project, author_id INTEGER NOT NULL REFERENCES user,
  title TEXT NOT NULL, file_name TEXT NOT NULL, content TEXT NOT NULL, visibility TEXT NOT NULL,
  description TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);

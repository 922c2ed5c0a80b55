"""Clients that others wrote find in the stand-in the GitLab that they know. Each is skipped by name when missing."""

import json
import os
import shutil
import subprocess
from typing import Any

import pytest

from tests.gitlab_standin.example import Example
from tests.gitlab_standin.fixtures import place, server, tokens

__all__ = ["place", "server", "tokens"]
SECONDS = 60

RUBY = r"""
require "gitlab"
require "json"
api = Gitlab.client(endpoint: ENV["URL"] + "/api/v4", private_token: ENV["TOKEN"])
project = ENV["PROJECT"]
seen = {}
seen["me"] = api.user.username
seen["project"] = api.project(project).path_with_namespace
7.times { |n| api.create_issue(project, "issue #{n}", labels: "x,a::1", description: "text") }
seen["all"] = api.issues(project, per_page: 3, labels: "x").auto_paginate.map(&:iid).sort
api.edit_issue(project, 1, add_labels: "a::2")
seen["labels"] = api.issue(project, 1).labels
note = api.create_issue_note(project, 1, "hello")
api.edit_issue_note(project, 1, note.id, "hello again")
seen["notes"] = api.issue_notes(project, 1).map(&:body)
api.close_issue(project, 2)
seen["closed"] = api.issue(project, 2).state
mr = api.create_merge_request(project, "Title", source_branch: "change", target_branch: "main", description: "Closes #3")
seen["mr"] = [mr.iid, mr.state, mr.source_branch]
api.create_merge_request_note(project, mr.iid, "looks good")
seen["changes"] = api.merge_request_changes(project, mr.iid).changes.map { |each| each["new_path"] }
begin
  api.accept_merge_request(project, mr.iid, sha: "0" * 40)
rescue Gitlab::Error::Conflict => error
  seen["conflict"] = error.response_status
end
seen["merged"] = api.accept_merge_request(project, mr.iid, sha: mr.sha).state
seen["third"] = api.issue(project, 3).state
seen["branches"] = api.branches(project).map(&:name)
seen["file"] = api.file_contents(project, "change.txt", "main")
begin
  api.issue(project, 99)
rescue Gitlab::Error::NotFound => error
  seen["missing"] = error.message[/404 Not found/]
end
puts seen.to_json
"""

PERL = r"""
use strict; use warnings;
use GitLab::API::v4; use JSON;
my $api = GitLab::API::v4->new(url => "$ENV{URL}/api/v4", private_token => $ENV{TOKEN}, retries => 0);
my $project = $ENV{PROJECT};
my %seen;
$seen{me} = $api->current_user()->{username};
$seen{project} = $api->project($project)->{path_with_namespace};
$api->create_issue($project, { title => "issue $_", labels => "x,a::1", description => "text" }) for 0 .. 6;
$seen{all} = [ sort { $a <=> $b } map { $_->{iid} } @{ $api->paginator('issues', $project, { per_page => 3, labels => "x" })->all() } ];
$api->edit_issue($project, 1, { add_labels => "a::2" });
$seen{labels} = $api->issue($project, 1)->{labels};
my $note = $api->create_issue_note($project, 1, { body => "hello" });
$api->edit_issue_note($project, 1, $note->{id}, { body => "hello again" });
$seen{notes} = [ map { $_->{body} } @{ $api->issue_notes($project, 1) } ];
$api->edit_issue($project, 2, { state_event => "close" });
$seen{closed} = $api->issue($project, 2)->{state};
my $mr = $api->create_merge_request($project,
  { title => "Title", source_branch => "change", target_branch => "main", description => "Closes #3" });
$seen{mr} = [ $mr->{iid}, $mr->{state}, $mr->{source_branch} ];
$api->create_merge_request_note($project, $mr->{iid}, { body => "looks good" });
$seen{changes} = [ map { $_->{new_path} } @{ $api->merge_request_with_changes($project, $mr->{iid})->{changes} } ];
eval { $api->accept_merge_request($project, $mr->{iid}, { sha => "0" x 40 }) };
($seen{conflict}) = map { $_ + 0 } $@ =~ /(409)/;
$seen{merged} = $api->accept_merge_request($project, $mr->{iid}, { sha => $mr->{sha} })->{state};
$seen{third} = $api->issue($project, 3)->{state};
$seen{branches} = [ map { $_->{name} } @{ $api->branches($project) } ];
$seen{file} = $api->raw_file($project, "change.txt", { ref => "main" });
$seen{missing} = defined $api->issue($project, 99) ? "there" : "404 Not found";
print encode_json(\%seen);
"""


def run(place: Example, argv: list[str]) -> dict[str, Any]:
    """What a program, which gets URL, TOKEN and PROJECT, says as JSON."""
    env = os.environ | {"URL": place.server.url, "TOKEN": place.tokens["max"], "PROJECT": place.path}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def has(argv: list[str]) -> bool:
    """Whether a program starts and finds what it imports."""
    return (
        shutil.which(argv[0]) is not None
        and subprocess.run(argv, capture_output=True, check=False).returncode == 0
    )


def check(place: Example, seen: dict[str, Any]) -> None:
    """The same things happen, whoever asks."""
    assert seen == {
        "me": "max",
        "project": place.path,
        "all": [1, 2, 3, 4, 5, 6, 7],
        "labels": ["a::2", "x"],
        "notes": ["hello again"],
        "closed": "closed",
        "mr": [1, "opened", "change"],
        "changes": ["change.txt"],
        "conflict": 409,
        "merged": "merged",
        "third": "closed",
        "branches": ["change", "main"],
        "file": "new\n",
        "missing": "404 Not found",
    }


def test_ruby_gitlab(place: Example) -> None:
    """ruby-gitlab reads pages, edits labels and notes, merges with a sha and knows the errors."""
    if not has(["ruby", "-e", 'require "gitlab"']):
        pytest.skip("ruby-gitlab is not installed")
    place.push("change", {"change.txt": "new\n"})
    check(place, run(place, ["ruby", "-e", RUBY]))


def test_perl_gitlab_api(place: Example) -> None:
    """libgitlab-api-v4-perl does the same."""
    if not has(["perl", "-MGitLab::API::v4", "-e", "1"]):
        pytest.skip("libgitlab-api-v4-perl is not installed")
    place.push("change", {"change.txt": "new\n"})
    check(place, run(place, ["perl", "-e", PERL]))

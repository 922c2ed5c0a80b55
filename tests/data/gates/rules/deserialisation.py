"""What the rules about deserialisation find (`ruleid`) and leave alone (`ok`), on the line after the mark."""

import json
import marshal
import pickle
import shelve

import joblib
import jsonpickle
import numpy
import pandas
import torch
import yaml
from flask import request
from ruamel.yaml import YAML


def loads(data, file):
    # ruleid: unpickling
    pickle.loads(data)
    # ruleid: unpickling
    marshal.load(file)
    # ok: unpickling
    json.loads(data)
    # ok: unpickling
    pickle.dumps(data)


def from_the_network(sock, data):
    # ruleid: unpickling-of-input, unpickling
    pickle.loads(request.data)
    message = sock.recv(1024)
    # ruleid: unpickling-of-input, unpickling
    pickle.loads(message)
    # ok: unpickling-of-input
    json.loads(request.data)
    # ok: unpickling-of-input
    pickle.dumps(data)


def documents(data):
    # ruleid: yaml-that-makes-objects
    yaml.load(data)
    # ruleid: yaml-that-makes-objects
    yaml.load(data, Loader=yaml.UnsafeLoader)
    # ruleid: yaml-that-makes-objects
    yaml.load_all(data, yaml.Loader)
    # ruleid: yaml-that-makes-objects
    YAML(typ="unsafe")
    # ok: yaml-that-makes-objects
    yaml.load(data, Loader=yaml.SafeLoader)
    # ok: yaml-that-makes-objects
    yaml.safe_load(data)
    # ok: yaml-that-makes-objects
    yaml.dump(data)
    # ok: yaml-that-makes-objects
    YAML(typ="safe")


def others(data, path):
    # ruleid: json-that-makes-objects
    jsonpickle.decode(data)
    # ok: json-that-makes-objects
    json.loads(data)
    # ruleid: shelf-opened
    shelve.open(path)
    # ok: shelf-opened
    open(path)
    # ruleid: model-file-unpickled
    joblib.load(path)
    # ruleid: model-file-unpickled
    torch.load(path, weights_only=False)
    # ruleid: model-file-unpickled
    numpy.load(path, allow_pickle=True)
    # ok: model-file-unpickled
    torch.load(path, weights_only=True)
    # ok: model-file-unpickled
    pandas.read_csv(path)

"""Checkpoints: files that are safe to open and cannot be half-written."""

from flambeau.checkpoint.errors import DamagedFileError as DamagedFileError
from flambeau.checkpoint.errors import RefusedObjectError as RefusedObjectError
from flambeau.checkpoint.errors import UnstorableObjectError as UnstorableObjectError
from flambeau.checkpoint.loading import load as load
from flambeau.checkpoint.run import Run as Run
from flambeau.checkpoint.saving import save as save
from flambeau.checkpoint.tensor_files import SafetensorsFile as SafetensorsFile
from flambeau.checkpoint.tensor_files import load_safetensors as load_safetensors
from flambeau.checkpoint.tensor_files import open_safetensors as open_safetensors
from flambeau.checkpoint.tensor_files import save_safetensors as save_safetensors

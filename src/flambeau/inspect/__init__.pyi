# Written by tools/write_stubs.py.
import builtins
from flambeau.inspect.event_log import SummaryWriter as SummaryWriter
from flambeau.inspect.history import History as History
from flambeau.inspect.progress_bar import Progress as Progress
from flambeau.inspect.progress_bar import progress as progress

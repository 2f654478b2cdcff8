"""servicecircle (服务圈): where workers' service stations should go.

Public names are listed in ``__init__.pyi``; each module is imported when one of its
names is first used, so that ``import servicecircle`` stays quick.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""Files of tables as people lay them out, made here with invented values."""

import pytest

pytest.register_assert_rewrite("tests.unit.knowledge.layouts.making")

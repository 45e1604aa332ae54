"""The names of the plan's facets, for those who need no more than the names.

identity  name, versions, and whether Elixir is in the release
apps      the `.rel`: names, versions, start types, order, and which stay outside
specs     the application specifications
sources   where each copied application lies
target    the OTP the release is for
"""

FACETS = ("identity", "apps", "specs", "sources", "target")

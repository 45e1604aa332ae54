{application, a, []}.
{application, b, []}.

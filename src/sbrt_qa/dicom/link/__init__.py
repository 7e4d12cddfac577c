"""Objects to cases: which dose, structures and images belong to a plan, which plans to a course."""
